<?php
/**
 * Segment and tags in the list of orders, in either storage.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Adds columns, filters, an order and bulk actions to Orders. Guests are known by their billing address.
 */
class Wcflow_Orders_List {

	const PERSON = 'COALESCE( wcflow_a.person, wcflow_i.person )';

	/**
	 * Rows of people by id of the order.
	 *
	 * @var array
	 */
	private static $rows = array();

	/**
	 * SQL that counts the orders of the list, where it is narrowed.
	 *
	 * @var string
	 */
	private static $count_sql = '';

	/**
	 * Hook up the list of either storage.
	 */
	public static function init() {
		foreach ( array( 'woocommerce_shop_order_list_table_columns', 'manage_edit-shop_order_columns' ) as $hook ) {
			add_filter( $hook, array( __CLASS__, 'columns' ), 20 );
		}
		foreach ( array( 'woocommerce_shop_order_list_table_sortable_columns', 'manage_edit-shop_order_sortable_columns' ) as $hook ) {
			add_filter( $hook, array( 'Wcflow_Users_List', 'sortable' ) );
		}
		add_action( 'woocommerce_shop_order_list_table_custom_column', array( __CLASS__, 'column' ), 10, 2 );
		add_action( 'manage_shop_order_posts_custom_column', array( __CLASS__, 'post_column' ), 10, 2 );
		add_action( 'woocommerce_order_list_table_restrict_manage_orders', array( __CLASS__, 'filters' ), 20, 2 );
		add_action( 'restrict_manage_posts', array( __CLASS__, 'filters' ), 20, 2 );
		add_filter( 'woocommerce_shop_order_list_table_prepare_items_query_args', array( __CLASS__, 'prepare' ) );
		add_filter( 'posts_clauses', array( __CLASS__, 'post_clauses' ), 10, 2 );
		add_action( 'current_screen', array( __CLASS__, 'bulk' ) );
		add_action( 'admin_notices', array( __CLASS__, 'notices' ) );
	}

	/**
	 * Return whether this is the list of orders, in either storage.
	 *
	 * @return bool
	 */
	private static function is_list() {
		$screen = get_current_screen();
		return $screen && in_array( $screen->id, self::screens(), true );
	}

	/**
	 * Return the ids of the screens of both storages.
	 *
	 * @return string[]
	 */
	private static function screens() {
		return array_unique( array( 'edit-shop_order', function_exists( 'wc_get_page_screen_id' ) ? wc_get_page_screen_id( 'shop-order' ) : '' ) );
	}

	/**
	 * Hook up the bulk actions, whose names have the screen.
	 */
	public static function bulk() {
		foreach ( self::screens() as $screen ) {
			add_filter( 'bulk_actions-' . $screen, array( 'Wcflow_Bulk', 'actions' ), 20 );
			add_filter( 'handle_bulk_actions-' . $screen, array( __CLASS__, 'handle_bulk' ), 20, 3 );
		}
	}

	/**
	 * Add the columns before the total.
	 *
	 * @param array $columns Columns.
	 * @return array
	 */
	public static function columns( $columns ) {
		$more = array(
			'wcflow_segment' => __( 'Segment', 'wcflow-companion' ),
			'wcflow_tags'    => __( 'Customer tags', 'wcflow-companion' ),
		);
		$at   = array_search( 'order_total', array_keys( $columns ), true );
		$at   = false === $at ? count( $columns ) : $at;
		return array_slice( $columns, 0, $at, true ) + $more + array_slice( $columns, $at, null, true );
	}

	/**
	 * Print a column of an order.
	 *
	 * @param string   $column Column.
	 * @param WC_Order $order  Order.
	 */
	public static function column( $column, $order ) {
		if ( 'wcflow_segment' !== $column && 'wcflow_tags' !== $column ) {
			return;
		}
		if ( ! array_key_exists( $order->get_id(), self::$rows ) ) {
			self::load( array( $order ) );
		}
		$row  = self::$rows[ $order->get_id() ];
		$base = 'edit-shop_order' === get_current_screen()->id ? 'edit.php?post_type=shop_order' : 'admin.php?page=wc-orders';
		echo 'wcflow_segment' === $column ? Wcflow_Html::segment_cell( $row, $base ) : Wcflow_Html::tags_cell( $row, $base ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
	}

	/**
	 * Print a column of an order in the posts storage.
	 *
	 * @param string $column  Column.
	 * @param int    $post_id Order.
	 */
	public static function post_column( $column, $post_id ) {
		global $wp_query;
		if ( 'wcflow_segment' !== $column && 'wcflow_tags' !== $column ) {
			return;
		}
		if ( ! self::$rows && ! empty( $wp_query->posts ) ) {
			self::load( array_filter( array_map( 'wc_get_order', wp_list_pluck( $wp_query->posts, 'ID' ) ) ) );
		}
		$order = wc_get_order( $post_id );
		if ( $order ) {
			self::column( $column, $order );
		}
	}

	/**
	 * Read the people of many orders with two queries.
	 *
	 * @param WC_Order[] $orders Orders.
	 */
	private static function load( $orders ) {
		$orders = array_filter(
			$orders,
			function ( $order ) {
				return $order instanceof WC_Order;
			}
		);
		$users  = array();
		$emails = array();
		foreach ( $orders as $order ) {
			$users[]  = $order->get_customer_id();
			$emails[] = $order->get_billing_email();
		}
		$by_user  = Wcflow_People::find_many_by_customers( array_unique( $users ) );
		$by_email = Wcflow_People::find_many_by_emails( array_unique( array_filter( $emails ) ) );
		foreach ( $orders as $order ) {
			$user  = $order->get_customer_id();
			$email = Wcflow_Cards::email( $order->get_billing_email() );
			$row   = isset( $by_user[ $user ] ) ? $by_user[ $user ] : null;
			if ( ! $row && isset( $by_email[ $email ] ) ) {
				$row = $by_email[ $email ];
			}
			self::$rows[ $order->get_id() ] = $row;
		}
	}

	/**
	 * Print the field of the bulk actions, and the filters.
	 *
	 * @param string $type  Type of the orders or posts.
	 * @param string $which top or bottom.
	 */
	public static function filters( $type, $which ) {
		if ( 'shop_order' !== $type || 'top' !== $which ) {
			return;
		}
		Wcflow_Html::list_filters();
		Wcflow_Bulk::tag_field( $which );
	}

	/**
	 * Return what was chosen in the filters and the order.
	 *
	 * @return array
	 */
	private static function wanted() {
		return array_filter(
			array(
				'segment' => Wcflow_Bulk::chosen( 'wcflow_segment' ),
				'tag'     => Wcflow_Bulk::chosen( 'wcflow_tag' ),
				'sort'    => 'wcflow_segment' === Wcflow_Bulk::chosen( 'orderby' ) ? ( 'desc' === strtolower( Wcflow_Bulk::chosen( 'order' ) ) ? 'DESC' : 'ASC' ) : '',
			),
			'strlen'
		);
	}

	/**
	 * Prepare the query of the list: remember its orders, and narrow it where a filter is chosen.
	 *
	 * @param array $args Arguments of wc_get_orders().
	 * @return array
	 */
	public static function prepare( $args ) {
		add_filter( 'woocommerce_order_query', array( __CLASS__, 'remember' ), 10, 2 );
		if ( ! self::wanted() ) {
			return $args;
		}
		$args['wcflow_list'] = true;
		if ( 'wcflow_segment' === $args['orderby'] ) {
			$args['orderby'] = 'date';
			$args['order']   = 'DESC';
		}
		add_filter( 'woocommerce_orders_table_query_clauses', array( __CLASS__, 'clauses' ), 10, 3 );
		add_filter( 'woocommerce_orders_table_query_count_sql', array( __CLASS__, 'count_sql' ), 10, 3 );
		add_filter( 'woocommerce_shop_order_list_table_order_count', array( __CLASS__, 'count' ), 10, 2 );
		add_filter( 'woocommerce_before_shop_order_list_table_view_links', array( __CLASS__, 'count_no_more' ) );
		return $args;
	}

	/**
	 * Read the people of the orders that the list shows.
	 *
	 * @param object|array $found Orders that were found.
	 * @return object|array
	 */
	public static function remember( $found ) {
		if ( is_object( $found ) && isset( $found->orders ) ) {
			remove_filter( 'woocommerce_order_query', array( __CLASS__, 'remember' ), 10 );
			self::load( $found->orders );
		}
		return $found;
	}

	/**
	 * Narrow and order the query of the list in the orders table.
	 *
	 * @param string[] $clauses Clauses.
	 * @param object   $query   Query.
	 * @param array    $args    Arguments.
	 * @return string[]
	 */
	public static function clauses( $clauses, $query, $args ) {
		if ( empty( $args['wcflow_list'] ) ) {
			return $clauses;
		}
		$orders = $query->get_table_name( 'orders' );
		foreach ( self::wanted() as $kind => $name ) {
			if ( 'sort' === $kind ) {
				$clauses = self::sort( self::join_people( $clauses, "$orders.customer_id", "$orders.billing_email" ), $name );
			} else {
				$clauses['join'] .= self::join_labelled( $orders, $kind, $name );
			}
		}
		return $clauses;
	}

	/**
	 * Return a join that keeps the orders of the people who have a label. It begins with the people: they are few.
	 *
	 * @param string $orders Table of orders.
	 * @param string $kind   segment or tag.
	 * @param string $name   Name of the label.
	 * @return string
	 */
	private static function join_labelled( $orders, $kind, $name ) {
		global $wpdb;
		$accounts   = Wcflow_Tables::name( 'accounts' );
		$identities = Wcflow_Tables::name( 'identities' );
		$labels     = Wcflow_Tables::name( 'labels' );
		$email      = self::comparable( 'i.value' );
		// phpcs:disable WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- names of tables.
		$by_account = $wpdb->prepare( "SELECT o.id FROM `$labels` l JOIN `$accounts` a ON a.person = l.person JOIN `$orders` o ON o.customer_id = a.customer_id WHERE l.kind = %s AND l.name = %s", $kind, $name );
		$by_email   = $wpdb->prepare( "SELECT o.id FROM `$labels` l JOIN `$identities` i ON i.person = l.person AND i.kind = 'email' JOIN `$orders` o ON o.billing_email = $email AND o.customer_id = 0 WHERE l.kind = %s AND l.name = %s", $kind, $name );
		// phpcs:enable
		return " INNER JOIN ( $by_account UNION $by_email ) wcflow_$kind ON wcflow_$kind.id = $orders.id";
	}

	/**
	 * Return SQL of an address that compares with other tables, whose collation may differ after a move.
	 *
	 * @param string $email SQL of an address.
	 * @return string
	 */
	private static function comparable( $email ) {
		global $wpdb;
		return 'utf8mb4' === $wpdb->charset && $wpdb->collate ? "CONVERT( $email USING utf8mb4 ) COLLATE {$wpdb->collate}" : $email;
	}

	/**
	 * Narrow and order the query of the list in the posts storage.
	 *
	 * @param string[] $clauses Clauses.
	 * @param WP_Query $query   Query.
	 * @return string[]
	 */
	public static function post_clauses( $clauses, $query ) {
		global $wpdb, $pagenow;
		if ( 'edit.php' !== $pagenow || ! $query->is_main_query() || 'shop_order' !== $query->get( 'post_type' ) || ! self::wanted() ) {
			return $clauses;
		}
		$clauses['join']   .= " LEFT JOIN {$wpdb->postmeta} wcflow_u ON wcflow_u.post_id = {$wpdb->posts}.ID AND wcflow_u.meta_key = '_customer_user'";
		$clauses['join']   .= " LEFT JOIN {$wpdb->postmeta} wcflow_m ON wcflow_m.post_id = {$wpdb->posts}.ID AND wcflow_m.meta_key = '_billing_email'";
		$clauses['groupby'] = "{$wpdb->posts}.ID";
		$clauses = self::join_people( $clauses, 'CAST( wcflow_u.meta_value AS UNSIGNED )', 'wcflow_m.meta_value' );
		$labels  = Wcflow_Tables::name( 'labels' );
		foreach ( self::wanted() as $kind => $name ) {
			if ( 'sort' === $kind ) {
				$clauses = self::sort( $clauses, $name );
			} else {
				$clauses['join'] .= $wpdb->prepare( " INNER JOIN `$labels` wcflow_$kind ON wcflow_$kind.person = " . self::PERSON . " AND wcflow_$kind.kind = %s AND wcflow_$kind.name = %s", $kind, $name ); // phpcs:ignore WordPress.DB.PreparedSQL
			}
		}
		return $clauses;
	}

	/**
	 * Join the people to a query of orders.
	 *
	 * @param string[] $clauses Clauses.
	 * @param string   $user    SQL of the order's account.
	 * @param string   $email   SQL of the order's address.
	 * @return string[]
	 */
	private static function join_people( $clauses, $user, $email ) {
		$accounts         = Wcflow_Tables::name( 'accounts' );
		$identities       = Wcflow_Tables::name( 'identities' );
		$clauses['join'] .= " LEFT JOIN `$accounts` wcflow_a ON wcflow_a.customer_id = $user";
		$clauses['join'] .= " LEFT JOIN `$identities` wcflow_i ON wcflow_a.person IS NULL AND wcflow_i.kind = 'email' AND wcflow_i.value = " . self::comparable( $email );
		return $clauses;
	}

	/**
	 * Order a query of orders by segment; orders of people without one come last.
	 *
	 * @param string[] $clauses Clauses with the people.
	 * @param string   $way     ASC or DESC.
	 * @return string[]
	 */
	private static function sort( $clauses, $way ) {
		$people             = Wcflow_Tables::name( 'people' );
		$clauses['join']   .= " LEFT JOIN `$people` wcflow_p ON wcflow_p.person = " . self::PERSON;
		$clauses['orderby'] = "COALESCE( wcflow_p.segment, '' ) = '', wcflow_p.segment $way" . ( $clauses['orderby'] ? ', ' . $clauses['orderby'] : '' );
		return $clauses;
	}

	/**
	 * Keep the query that counts the orders of the narrowed list.
	 *
	 * @param string $sql   SQL.
	 * @param object $query Query.
	 * @param array  $args  Arguments.
	 * @return string
	 */
	public static function count_sql( $sql, $query, $args ) {
		if ( ! empty( $args['wcflow_list'] ) ) {
			self::$count_sql = $sql;
		}
		return $sql;
	}

	/**
	 * Return how many orders the narrowed list has. WooCommerce takes the number of all orders there, which it knows by heart.
	 *
	 * @param int $count Number of all orders.
	 * @return int
	 */
	public static function count( $count ) {
		global $wpdb;
		remove_filter( 'woocommerce_shop_order_list_table_order_count', array( __CLASS__, 'count' ), 10 );
		return '' === self::$count_sql ? $count : (int) $wpdb->get_var( self::$count_sql ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Leave the numbers of the links above the list alone.
	 *
	 * @param array $links Links.
	 * @return array
	 */
	public static function count_no_more( $links ) {
		remove_filter( 'woocommerce_shop_order_list_table_order_count', array( __CLASS__, 'count' ), 10 );
		return $links;
	}

	/**
	 * Do a bulk action.
	 *
	 * @param string $back   Where to go.
	 * @param string $action Bulk action.
	 * @param int[]  $ids    Orders.
	 * @return string
	 */
	public static function handle_bulk( $back, $action, $ids ) {
		if ( 'wcflow_tag_add' !== $action && 'wcflow_tag_remove' !== $action ) {
			return $back;
		}
		self::load( array_filter( array_map( 'wc_get_order', $ids ) ) );
		return Wcflow_Bulk::handle( $back, $action, array_filter( array_intersect_key( self::$rows, array_flip( $ids ) ) ), count( $ids ) );
	}

	/**
	 * Print what became of a bulk action.
	 */
	public static function notices() {
		if ( self::is_list() ) {
			Wcflow_Bulk::notices();
		}
	}
}
