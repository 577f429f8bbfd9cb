<?php
/**
 * The query behind the list of orders, narrowed and ordered by people, in either storage.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Joins people to the list of orders only where a filter or the order by segment is chosen.
 */
class Wcflow_Orders_Query {

	const PERSON = 'COALESCE( wcflow_a.person, wcflow_i.person )';

	/**
	 * SQL that counts the orders of the list, where it is narrowed.
	 *
	 * @var string
	 */
	private static $count_sql = '';

	/**
	 * Hook up the query of either storage.
	 */
	public static function init() {
		add_filter( 'woocommerce_shop_order_list_table_prepare_items_query_args', array( __CLASS__, 'prepare' ) );
		add_filter( 'posts_clauses', array( __CLASS__, 'post_clauses' ), 10, 2 );
	}

	/**
	 * Narrow and order the query of the list where that is chosen.
	 *
	 * @param array $args Arguments of wc_get_orders().
	 * @return array
	 */
	public static function prepare( $args ) {
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
}
