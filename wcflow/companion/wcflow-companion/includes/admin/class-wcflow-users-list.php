<?php
/**
 * Segment and tags in the list of users.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Adds columns, filters, an order and bulk actions to Users.
 */
class Wcflow_Users_List {

	/**
	 * Rows of the people on the page, by id of the user.
	 *
	 * @var array|null
	 */
	private static $rows = null;

	/**
	 * Open requests by person.
	 *
	 * @var Wcflow_Pending[]
	 */
	private static $pending = array();

	/**
	 * Hook up the list.
	 */
	public static function init() {
		add_filter( 'manage_users_columns', array( __CLASS__, 'columns' ) );
		add_filter( 'manage_users_sortable_columns', array( __CLASS__, 'sortable' ) );
		add_filter( 'manage_users_custom_column', array( __CLASS__, 'column' ), 10, 3 );
		add_action( 'restrict_manage_users', array( __CLASS__, 'filters' ) );
		add_filter( 'users_list_table_query_args', array( __CLASS__, 'query_args' ) );
		add_action( 'pre_user_query', array( __CLASS__, 'query' ) );
		add_filter( 'bulk_actions-users', array( 'Wcflow_Bulk', 'actions' ) );
		add_filter( 'handle_bulk_actions-users', array( __CLASS__, 'handle_bulk' ), 10, 3 );
		add_action( 'admin_notices', array( __CLASS__, 'notices' ) );
	}

	/**
	 * Add the columns after the address.
	 *
	 * @param array $columns Columns.
	 * @return array
	 */
	public static function columns( $columns ) {
		$more = array(
			'wcflow_segment' => __( 'Segment', 'wcflow-companion' ),
			'wcflow_tags'    => __( 'Tags', 'wcflow-companion' ),
		);
		$at   = array_search( 'email', array_keys( $columns ), true );
		$at   = false === $at ? count( $columns ) : $at + 1;
		return array_slice( $columns, 0, $at, true ) + $more + array_slice( $columns, $at, null, true );
	}

	/**
	 * Let the segment sort.
	 *
	 * @param array $columns Columns that sort.
	 * @return array
	 */
	public static function sortable( $columns ) {
		$columns['wcflow_segment'] = 'wcflow_segment';
		return $columns;
	}

	/**
	 * Return what a column shows.
	 *
	 * @param string $html    HTML so far.
	 * @param string $column  Column.
	 * @param int    $user_id User.
	 * @return string
	 */
	public static function column( $html, $column, $user_id ) {
		if ( 'wcflow_segment' !== $column && 'wcflow_tags' !== $column ) {
			return $html;
		}
		$row     = self::row( (int) $user_id );
		$pending = $row && isset( self::$pending[ $row['person'] ] ) ? self::$pending[ $row['person'] ] : null;
		return 'wcflow_segment' === $column ? Wcflow_Html::segment_cell( $row, 'users.php' ) : Wcflow_Html::tags_cell( $row, 'users.php', $pending );
	}

	/**
	 * Return the row of a user's person; all users of the page are read at once.
	 *
	 * @param int $user_id User.
	 * @return array|null
	 */
	private static function row( $user_id ) {
		global $wp_list_table;
		if ( null === self::$rows ) {
			$ids        = isset( $wp_list_table->items ) && is_array( $wp_list_table->items ) ? array_keys( $wp_list_table->items ) : array();
			self::$rows = Wcflow_People::find_many_by_customers( array_merge( $ids, array( $user_id ) ) );

			self::$pending = Wcflow_Pending::for_many( self::$rows );
		}
		return isset( self::$rows[ $user_id ] ) ? self::$rows[ $user_id ] : null;
	}

	/**
	 * Print the field of the bulk actions, and the filters.
	 *
	 * @param string $which top or bottom.
	 */
	public static function filters( $which ) {
		Wcflow_Bulk::tag_field( $which );
		if ( 'top' !== $which ) {
			return;
		}
		echo '<span class="wcflow-list-filters">';
		Wcflow_Html::list_filters();
		submit_button( __( 'Filter', 'wcflow-companion' ), '', 'wcflow_filter', false );
		echo '</span>';
	}

	/**
	 * Give the query of the list what was chosen.
	 *
	 * @param array $args Arguments of WP_User_Query.
	 * @return array
	 */
	public static function query_args( $args ) {
		$wanted = array_filter(
			array(
				'segment' => Wcflow_Bulk::chosen( 'wcflow_segment' ),
				'tag'     => Wcflow_Bulk::chosen( 'wcflow_tag' ),
				'sort'    => 'wcflow_segment' === Wcflow_Bulk::chosen( 'orderby' ) ? '1' : '',
			),
			'strlen'
		);
		if ( $wanted ) {
			$args['wcflow'] = $wanted;
		}
		return $args;
	}

	/**
	 * Narrow and order the query of the list by joins on indexes.
	 *
	 * @param WP_User_Query $query Query.
	 */
	public static function query( $query ) {
		global $wpdb;
		$wanted = $query->get( 'wcflow' );
		if ( ! is_array( $wanted ) ) {
			return;
		}
		$accounts = Wcflow_Tables::name( 'accounts' );
		$people   = Wcflow_Tables::name( 'people' );
		$labels   = Wcflow_Tables::name( 'labels' );
		// phpcs:disable WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- names of tables.
		$query->query_from .= " LEFT JOIN `$accounts` wcflow_a ON wcflow_a.customer_id = {$wpdb->users}.ID";
		foreach ( array( 'segment', 'tag' ) as $kind ) {
			if ( isset( $wanted[ $kind ] ) ) {
				$query->query_from .= $wpdb->prepare( " INNER JOIN `$labels` wcflow_$kind ON wcflow_$kind.person = wcflow_a.person AND wcflow_$kind.kind = %s AND wcflow_$kind.name = %s", $kind, $wanted[ $kind ] );
			}
		}
		if ( isset( $wanted['sort'] ) ) {
			$way                  = 'desc' === strtolower( (string) $query->get( 'order' ) ) ? 'DESC' : 'ASC';
			$query->query_from   .= " LEFT JOIN `$people` wcflow_p ON wcflow_p.person = wcflow_a.person";
			$query->query_orderby = "ORDER BY COALESCE( wcflow_p.segment, '' ) = '', wcflow_p.segment $way, {$wpdb->users}.user_login ASC";
		}
		// phpcs:enable
	}

	/**
	 * Do a bulk action.
	 *
	 * @param string $back   Where to go.
	 * @param string $action Bulk action.
	 * @param int[]  $ids    Users.
	 * @return string
	 */
	public static function handle_bulk( $back, $action, $ids ) {
		if ( 'wcflow_tag_add' !== $action && 'wcflow_tag_remove' !== $action ) {
			return $back;
		}
		return Wcflow_Bulk::handle( $back, $action, Wcflow_People::find_many_by_customers( $ids ), count( $ids ) );
	}

	/**
	 * Print what became of a bulk action.
	 */
	public static function notices() {
		if ( 'users' === get_current_screen()->id ) {
			Wcflow_Bulk::notices();
		}
	}
}
